// Every invocation signs in.
import { getOrder, signIn } from "./service-user.mjs";

export const handler = async (event) => getOrder((await signIn()).AccessToken, event.variables);
