/** The whole chapter in a real browser, against a whole city; nothing here is for others. */
export {};
