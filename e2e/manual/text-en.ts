/** The manual in English. Plain short words; what stands in quotation marks is quoted from the screens. */
import { fill, type KioskTexts, refusalText, yuanShort } from "@citygas/texts";
import type { ManualText } from "./text.ts";

export function textEn(t: KioskTexts, hotline: string): ManualText {
  const noValues = (words: string): string => fill(words, { amount: "…", value: "…", seconds: "60", number: "…" });
  return {
    title: "Gas without a cashier: operating manual",
    colon: ": ",
    lead: [
      "How to buy gas for an IC card at the self-service terminal, and what to do when something goes wrong.",
      `Customers follow chapter 1 step by step. Staff at the service hall and the hotline also read "When something goes wrong": every hotline code that the screen can show is listed there. Hotline: **${hotline}** (the demonstration's number; yours stands at the top of the screen).`,
    ],
    contents: "Contents",
    chapters: {
      terminal: "Self-service terminal",
      terminalAbout: "good to know, buying gas, looking at a card, loading the meter",
      problems: "When something goes wrong",
      problemsAbout: "card not written, payment being checked, every message and hotline code",
      service: "WeChat service account (ordinary meters, IoT meters, IoT controllers)",
      serviceAbout: "Not in this version. This chapter comes with the WeChat service account.",
      mini: "WeChat mini program with Bluetooth reader (IC-card meters, IC-card controllers)",
      miniAbout: "Not in this version. This chapter comes with the mini program.",
    },
    words: {
      title: "Words used here",
      rows: [
        ["load the meter (上表)", "put the written card into the gas meter at home; only then is the gas in the meter"],
        ["make good (补气)", "the service hall writes gas that was paid but did not get onto the card"],
        ["card by amount", `the screen asks "${t.account.entryMoney}"; the meter works out the price`],
        ["card by volume", `the screen asks "${t.account.entryVolume}"; the price stands on the screen`],
        [
          t.account.balance.toLowerCase(),
          "money in the account, not gas on the card; taken off the next purchase by itself",
        ],
        [
          t.frame.number.toLowerCase(),
          "names one purchase; on the screen and on the receipt. Tell it to the hotline or the service hall",
        ],
        ["hotline code", "a letter and two digits that say why the screen shows its message"],
      ],
    },
    pictures:
      "All pictures were taken from this version while it ran (`npm run manual`); cards, customers and phones are samples. The screen hides names and addresses on purpose, and data such as addresses stays in Chinese.",
    back: "Back to the contents",
    steps: "Steps of the purchase",
    terminal: {
      title: "1 Self-service terminal",
      lead: [
        "You need your gas IC card and a phone with WeChat or Alipay. It takes about a minute; follow the voice and the screen.",
        'The terminal starts in Chinese (IC卡购气 = "Buy gas with IC card"). Touch "English" at the bottom of any screen.',
      ],
      notes: "1.1.1 Good to know",
      notesLead: `Touch "${t.home.notes}" on the first screen to read this at any time:`,
      purchase: "1.1.2 Buying gas with an IC card",
    },
    problems: {
      title: "1 When something goes wrong",
      lead: [
        "Three things first:",
        "- **Money that was paid is not lost.** Every payment ends as gas on the card or goes back to the WeChat or Alipay it came from.",
        `- **When the screen says "${t.writeFailed.warning}" or "please do not pay again", don't.**`,
        `- Tell the hotline (**${hotline}**) or the service hall the purchase number and the hotline code. They stand low on the screen; the purchase number is on the receipt too.`,
      ],
      list: "All messages and hotline codes",
      listLead: [
        "Every message of this version, in the words of the screen. When a customer asks, look up the code.",
        `Some messages carry a number on the screen, such as "${refusalText("account.debt", "en", yuanShort(35_000, "en")).what}" The table has the wording without it.`,
        "The card in the picture was reported lost: the screen says why and what it means for the money, then what to do; the hotline code K07 is at the bottom.",
      ],
    },
    groups: {
      K: "K: card",
      H: "H: account",
      S: "S: entry",
      D: "D: purchase",
      Z: "Z: payment",
      T: "T: terminal and system",
      P: "P: printing",
    },
    columns: { code: "Code", what: "What happened", money: "The money", next: "What to do now" },
    sections: {
      home: {
        title: `Touch "${t.home.buy}"`,
        lead: [
          "The hotline and the time are at the top. The buttons at the bottom make the type large, switch the voice off and on, and change the language.",
        ],
      },
      insert: {
        title: "Insert the card",
        lead: [`${t.insertCard.hint} Once the card is in, it goes on by itself, with or without "${t.frame.ok}".`],
      },
      read: {
        title: "The card is read",
        lead: [
          `This takes a few seconds. **Leave the card in.** The same holds whenever the frame turns amber and says "${t.frame.locked}".`,
        ],
      },
      enter: {
        title: "Check your details and enter an amount or a volume",
        lead: [
          `First see that account number and address are yours. Then touch the digits and "${t.frame.ok}", or touch one of the quick choices. "×" or "${t.account.clear}" takes back what you entered.`,
          `The circle at the upper right is the time left; before it ends the screen asks "${t.moreTime.title}" To leave, touch "${t.frame.back}".`,
        ],
      },
      confirm: {
        title: "Confirm the purchase",
        lead: [
          `Look at what is to pay. If all is right, touch "${t.confirm.pay}". To change it, touch "${t.frame.back}"; what you entered is still there.`,
        ],
        after: [
          `Debts, price tiers and discounts have rows of their own. When your balance covers everything, the button says "${t.confirm.payNothing}" and no phone is needed.`,
        ],
      },
      pay: {
        title: "Pay with the phone",
        lead: [
          "Open the **payment code** in WeChat or Alipay (not the code for receiving money) and hold it under the scanner. Do not close WeChat or Alipay while paying, and leave the card in.",
        ],
        after: [`When the time is over, touch "${t.frame.ok}" and take the card. To buy gas, start again.`],
      },
      write: {
        title: "The card is written",
        lead: ["This starts by itself once you have paid, and takes a second or two. **Do not take out the card.**"],
      },
      success: {
        title: "Done",
        lead: [
          `After the sound, take the card. Touch "${t.success.finish}", or "${t.success.print}" if you want a receipt. The drawing at the right is what comes next: load the meter at home.`,
        ],
        after: [
          "While the card is still in, the terminal calls you by sound and does not go back to the first screen.",
        ],
      },
      print: {
        title: "Print the receipt",
        lead: [],
        after: [
          "The receipt has the purchase number, the payment number and the count of your purchases. Keep it for the hotline and the service hall.",
        ],
      },
      query: {
        title: "See whether gas is on a card",
        lead: [
          `Touch "${t.home.buy}" and insert the card. If gas is on it, you see how much and when it was bought. If not, the purchase begins; "${t.frame.back}" leaves it.`,
        ],
        after: ["With gas on the card you can't buy more: load the meter first."],
      },
      load: {
        title: "Load the meter",
        lead: [
          "At home, put the card into the gas meter, chip down, wait for the beep, then take it out. **Only then is the purchase complete.**",
          "The picture is the workbench's sample meter: the 1200 yuan of the card are in.",
        ],
      },
      help: {
        title: "Large type, voice, language",
        lead: [
          `At the bottom of each screen "${t.frame.large}" makes the type larger, "${t.frame.voice}" switches the voice, and "${t.frame.otherLanguage}" changes back to Chinese. The next customer starts afresh.`,
        ],
      },
      writeFailed: {
        title: `"${t.writeFailed.title}"`,
        lead: [
          `**${t.writeFailed.warning}.** Your money and your gas are kept. Most often the card was taken out too early.`,
          "**Customer:** insert the same card again, here or at any terminal. It is finished by itself; nothing more to pay.",
          "**Service hall:** when a customer brings the card and the purchase number, first have the card inserted at a terminal once more. If that fails, make it good. Never have the customer buy again.",
        ],
        after: [
          "An earlier purchase that was not finished is always continued like this. If its money has gone back already, the screen says how much.",
        ],
      },
      unknown: {
        title: `"${t.unknownPayment.title}"`,
        lead: [
          "The result of the payment has not come yet: the network is slow, or the card was taken out during the password. **Do not pay again.** If it was paid, the card is written or the money goes back; if not, nothing is charged.",
          "**Customer:** wait, or take the card and go; the code on the screen shows the result on your phone at any time.",
          "**Hotline:** look up the purchase number. The system follows each payment to its end; nobody has to cancel it by hand.",
        ],
      },
      wallet: {
        title: "The code is not taken, or the wallet refuses",
        lead: [
          "Nothing is charged then. Show another code in the time that is left.",
          ...Object.values({ ...t.pay.rejected, ...t.pay.refused }).map((words) => `- ${noValues(words)}`),
        ],
      },
      cardOut: {
        title: "The card came out, or went in upside down",
        lead: [
          "Taken out before payment, the purchase stops and nothing is charged. Taken out while it was written: see above.",
        ],
      },
      entry: {
        title: "The number entered won't do",
        lead: ["The screen says why, and how much is possible. Change it and touch OK; the card stays in."],
      },
      noReceipt: {
        title: `"${t.printFailed.title}"`,
        lead: [
          `The screen says: "${t.printFailed.money} ${t.printFailed.next}"`,
          "**On site:** look for missing or jammed paper. Without paper the terminal goes on selling; the first screen says that it can't print.",
        ],
      },
      closed: {
        title: `"${t.outOfService.title}"`,
        lead: [
          "When the terminal knows that it could not finish a purchase, it does not begin one. It comes back by itself; nothing has to be pressed.",
          "**On site:** the screen says which part does not work, with a hotline code. Look at that part's power and cable first.",
        ],
      },
    },
    captions: {
      home: "The first screen: touch the large button.",
      notes: "Good to know.",
      "insert-card": `"${t.insertCard.title}".`,
      reading: `"${t.reading.title}"`,
      account: "A card by amount: 1200 yuan entered. The balance of 0.30 yuan is money in the account.",
      "account-volume": "A card by volume: 100 m³ entered or touched.",
      confirm:
        "A card by amount: 1200 yuan, 0.30 off from the balance, 1199.70 to pay. Price and volume are 0 because the meter works them out.",
      "confirm-volume": "A card by volume: 100 m³ at 2.53 yuan, 253.00 to pay.",
      pay: "60 seconds to show the code.",
      "pay-password": "When the phone asks for a password, the screen says so. It goes on by itself.",
      "pay-timeout": `After 60 seconds: "${t.payTimeout.title}". The purchase is cancelled, nothing was charged.`,
      writing: `"${t.writing.paid}".`,
      success: "The drawing shows what comes next: load the meter at home.",
      printing: `After "${t.success.print}": "${t.printing.title}"`,
      printed: `Take the receipt, touch "${t.frame.ok}", and see that the card is out.`,
      receipt: "A receipt. It is printed in Chinese.",
      "gas-on-card": "Gas on the card: how much, and when it was bought.",
      meter: "The workbench's sample meter: the 1200 yuan of the card are in.",
      large: `The entry screen after "${t.frame.large}".`,
      "write-failed": "Card not written: read the red words first, then the two ways on.",
      resuming: "The same card in the other terminal: it goes on by itself.",
      resumed: "Finished. Take the card and load the meter as usual.",
      "unknown-payment": "The card was taken out during the password: this payment is being cancelled.",
      "unknown-settled": "Only when that is confirmed does the screen say that nothing was charged.",
      "collection-code": "A code for receiving money: the screen shows three taps to the right one.",
      "too-much": "More than the meter can hold: enter less.",
      "card-pulled": "Taken out before payment.",
      "wrong-way": "Upside down: take it out, turn it over, insert it again.",
      "print-failed": "No receipt: scan the code for the electronic one.",
      refused: "A card that can't buy: the reason, the money, what to do; the hotline code at the bottom.",
      "out-of-service": "The card reader does not work: out of service.",
    },
  };
}
