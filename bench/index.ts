/** Measures the product from outside, by `npm run bench -- NAME…`; nothing here is for others. */
export {};
