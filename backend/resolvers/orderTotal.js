/** Not stored: the sum of the order's lines, which are all in one currency. */
export function request() {
  return { payload: null };
}

/** @param {UserContext} ctx */
export function response(ctx) {
  const { lines } = ctx.source;
  let minorUnits = 0;
  for (const { quantity, unitPrice } of lines) {
    minorUnits += quantity * unitPrice.minorUnits;
  }
  return { currency: lines[0].unitPrice.currency, minorUnits };
}
