// The token is kept in a static field for as long as Lambda keeps the process.
import { getOrder, signIn } from "./service-user.mjs";

class ServiceUser {
  static #token;
  static #expires = 0;

  static async token() {
    if (Date.now() >= ServiceUser.#expires) {
      const { AccessToken, ExpiresIn } = await signIn();
      ServiceUser.#token = AccessToken;
      ServiceUser.#expires = Date.now() + ExpiresIn * 900; // nine tenths of its life
    }
    return ServiceUser.#token;
  }
}

export const handler = async (event) => getOrder(await ServiceUser.token(), event.variables);
