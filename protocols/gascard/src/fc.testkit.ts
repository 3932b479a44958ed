import fc from "fast-check";

// One seed, so that every run tries the same cards.
fc.configureGlobal({ seed: 20_261_123 });

export { fc };
