/** The manual in Chinese. Plain short words; what stands in 「」 is quoted from the screens. */
import { fill, type KioskTexts, refusalText, yuanShort } from "@citygas/texts";
import type { ManualText } from "./text.ts";

export function textZh(t: KioskTexts, hotline: string): ManualText {
  const noValues = (words: string): string => fill(words, { amount: "…", value: "…", seconds: "60", number: "…" });
  return {
    title: "燃气自助缴费操作手册",
    colon: "：",
    lead: [
      "本手册讲怎样在自助售气终端上给 IC 卡购气，以及出了问题怎么办。",
      `用户照着第 1 章一步一步做即可。营业厅和客服人员另请看「出现问题时」：屏幕上的每个客服代码都列在那里。客服热线：**${hotline}**（演示用的号码，以您所在公司的屏幕上方显示的为准）。`,
    ],
    contents: "目录",
    chapters: {
      terminal: "自助售气终端",
      terminalAbout: "操作注意事项、IC 卡购气、查询、上表",
      problems: "出现问题时",
      problemsAbout: "写卡失败、付款核实、各种提示和客服代码",
      service: "微信服务号（普表、物联网表、物联网控制器）",
      serviceAbout: "本版本还没有微信服务号。这一章随微信服务号一起提供。",
      mini: "微信小程序＋蓝牙充值宝（IC 卡表、IC 卡控制器）",
      miniAbout: "本版本还没有微信小程序。这一章随微信小程序一起提供。",
    },
    words: {
      title: "用到的词",
      rows: [
        ["上表", "把写好的卡插入家里的燃气表，气才真正进表"],
        ["补气", "写卡失败后，营业厅把已付款的气补写到卡上"],
        ["按金额的卡", `屏幕上写「${t.account.entryMoney}」，单价由表计算`],
        ["按气量的卡", `屏幕上写「${t.account.entryVolume}」，屏幕上就有单价`],
        [t.account.balance, `${t.account.balanceHint}；购气时自动抵扣`],
        [t.frame.number, "每笔购气的编号，屏幕和收据上都有，打热线、去营业厅时报它"],
        ["客服代码", "一个字母加两位数字，说明屏幕上提示的原因"],
      ],
    },
    pictures:
      "图片都取自本版本实际运行的画面（`npm run manual`），卡、用户和手机都是样例。姓名和地址在屏幕上有意遮盖。",
    back: "返回目录",
    steps: "购气步骤",
    terminal: {
      title: "1 自助售气终端",
      lead: ["需要：燃气 IC 卡，一部装有微信或支付宝的手机。全程约一分钟，按语音和屏幕提示做。"],
      notes: "1.1.1 操作注意事项",
      notesLead: `首页点「${t.home.notes}」，随时可以看到：`,
      purchase: "1.1.2 IC 卡购气",
    },
    problems: {
      title: "1 出现问题时",
      lead: [
        "先记住三条：",
        "- **付过的钱不会丢。** 每笔付款最后不是气写到卡上，就是钱退回付款的微信或支付宝。",
        `- **屏幕写着「${t.writeFailed.warning}」或“请勿重复付款”时，不要再付。**`,
        `- 打热线 **${hotline}** 或去营业厅时，报「${t.frame.number}」和“客服代码”。它们在屏幕下部，收据上也有${t.frame.number}。`,
      ],
      list: "提示和客服代码一览",
      listLead: [
        "下面是本版本的全部提示，文字和屏幕上的一样。用户来问时，按客服代码查。",
        `部分提示会把数字写进去，例如“${refusalText("account.debt", "zh-CN", yuanShort(35_000, "zh-CN")).what}”，表中是不带数字的说法。`,
        "图中这张卡已经挂失：屏幕先说原因和钱，再说现在怎么做，客服代码 K07 在最下面。",
      ],
    },
    groups: {
      K: "K 卡",
      H: "H 账户",
      S: "S 输入",
      D: "D 购气单",
      Z: "Z 付款",
      T: "T 终端和系统",
      P: "P 打印",
    },
    columns: { code: "客服代码", what: "发生了什么", money: "钱", next: "现在请做" },
    sections: {
      home: {
        title: `点击「${t.home.buy}」`,
        lead: [`屏幕上方有客服热线和时间。下方可以换成${t.frame.large}、关掉${t.frame.voice}，或换成英文。`],
      },
      insert: {
        title: "插卡",
        lead: [`${t.insertCard.hint}卡插好以后，不按「${t.frame.ok}」也会自己往下走。`],
      },
      read: {
        title: "读卡",
        lead: ["读卡需要几秒。**这时不要拔卡。** 屏幕四周变黄、写着“请勿拔出IC卡”时都一样。"],
      },
      enter: {
        title: "核对用户信息，输入购气金额或气量",
        lead: [
          `先看用户号和地址对不对，再在数字键盘上输入，按「${t.frame.ok}」。也可以直接点常用数量。输错了点「×」或「${t.account.clear}」。`,
          `右上角的圆圈是剩余时间；快到时屏幕会问「${t.moreTime.title}」。不想买了，按「${t.frame.back}」。`,
        ],
      },
      confirm: {
        title: "确认购气信息",
        lead: [`看清「应付款」，没有问题就点「${t.confirm.pay}」；要改，按「${t.frame.back}」，刚才输入的数还在。`],
        after: [
          `有欠费、阶梯价或优惠时，表里会多出几行，逐行写明。余额够付时按钮变成「${t.confirm.payNothing}」，不用手机付款。`,
        ],
      },
      pay: {
        title: "刷码支付",
        lead: ["打开微信或支付宝的**付款码**（不是收款码），放在扫描枪下。付款时不要关闭微信或支付宝，也不要拔卡。"],
        after: [`超时以后点「${t.frame.ok}」，取走卡。要购气，请重新开始。`],
      },
      write: {
        title: "写卡",
        lead: ["付款成功后自动写卡，只要一两秒。**写卡过程中不要拔卡。**"],
      },
      success: {
        title: "购气成功",
        lead: [
          `听到提示音，拔出卡。不要收据就点「${t.success.finish}」，要收据点「${t.success.print}」。屏幕右边画的是下一步：回家上表。`,
        ],
        after: ["卡没拔出时，终端会出声提醒，不会自己回到首页。"],
      },
      print: {
        title: "打印收据",
        lead: [],
        after: [`收据上有${t.frame.number}、支付单号和购气次数。请留好：打热线、去营业厅时要用。`],
      },
      query: {
        title: "查询卡里有没有气",
        lead: [
          `也点「${t.home.buy}」插卡。卡里有气，就显示有多少、哪天买的；没有气，就进入购气画面，按「${t.frame.back}」即可离开。`,
        ],
        after: ["卡里有气时不能再买：先上表，再来购气。"],
      },
      load: {
        title: "上表",
        lead: [
          "回到家，把卡芯片朝下插入燃气表，听到蜂鸣声后再拔卡。**上表成功，这次购气才结束。**",
          "图中是工作台上的样例燃气表：卡里的 1200 元已充入。",
        ],
      },
      help: {
        title: "看不清、听不清时",
        lead: [
          `屏幕下方的「${t.frame.large}」把字放大，「${t.frame.voice}」开关语音，「English」换成英文。每位用户用完后恢复原样。`,
        ],
      },
      writeFailed: {
        title: `「${t.writeFailed.title}」`,
        lead: [
          `**${t.writeFailed.warning}。** 钱和气都为您留着。最常见的原因是写卡时拔了卡。`,
          "**用户：** 把同一张卡再插一次，这台或任何一台终端都行，会自己写完，不用再付款。",
          `**营业厅：** 用户带卡和${t.frame.number}来，先让卡在终端上再插一次；还不成功，按补气办理。不要让用户再买一次。`,
        ],
        after: ["读卡时发现上次没写完，也会这样自动接着写。如果这笔钱已经退回，屏幕会说明退了多少。"],
      },
      unknown: {
        title: `「${t.unknownPayment.title}」`,
        lead: [
          "付款结果还没有收到，例如网络慢，或输密码时拔了卡。**不要再付一次。** 付成了，会接着写卡或退回；没有付成，就不会扣款。",
          `**用户：** 可以站着等，也可以取卡离开，用手机扫屏幕上的二维码随时看结果。`,
          `**客服：** 按${t.frame.number}查询。系统会自己核实到底，不需要人工撤单。`,
        ],
      },
      wallet: {
        title: "付款码扫不上、付款被拒绝",
        lead: [
          "扫错码或钱包拒绝时都没有扣款，在剩下的时间里换一个码再扫就行。",
          ...Object.values({ ...t.pay.rejected, ...t.pay.refused }).map((words) => `- ${noValues(words)}`),
        ],
      },
      cardOut: {
        title: "卡被拔出、插反了",
        lead: ["付款前拔卡，本次购气停止，没有扣款。付款后、写卡时拔卡，见上面的写卡失败。"],
      },
      entry: {
        title: "输入的数不行",
        lead: ["屏幕会说明原因和最多能买多少。改好再按确定，不用重新插卡。"],
      },
      noReceipt: {
        title: `「${t.printFailed.title}」`,
        lead: [
          `屏幕上写着：「${t.printFailed.money}${t.printFailed.next}」`,
          "**网点人员：** 看打印机有没有纸、有没有卡纸。没有纸时终端照样售气，首页会提示不能打印收据。",
        ],
      },
      closed: {
        title: `「${t.outOfService.title}」`,
        lead: [
          "终端自己发现不能完成一笔购气时，就不开始。恢复后会自己回到首页，不用按什么。",
          "**网点人员：** 屏幕写明是哪一样坏了，并有客服代码。先看该设备的电源和连线。",
        ],
      },
    },
    captions: {
      home: "首页：点中间的大按钮。",
      notes: "操作注意事项。",
      "insert-card": `「${t.insertCard.title}」。`,
      reading: `「${t.reading.title}」`,
      account: "按金额的卡：输入 1200 元。账户余额 0.30 元是账户里的钱。",
      "account-volume": "按气量的卡：输入或点选 100 方。",
      confirm: "按金额的卡：1200 元，余额抵扣 0.30 元，应付款 1199.70 元。单价和气量是 0，因为由表计价。",
      "confirm-volume": "按气量的卡：100 方，每方 2.53 元，应付款 253.00 元。",
      pay: "请在 60 秒内刷码支付。",
      "pay-password": "手机要输密码时，屏幕会提示。输完自动继续。",
      "pay-timeout": `超过 60 秒：「${t.payTimeout.title}」。本次购气取消，没有扣款。`,
      writing: `「${t.writing.paid}」。`,
      success: "右边画的是下一步：回家上表。",
      printing: `点「${t.success.print}」后：「${t.printing.title}」`,
      printed: `打完后取走收据，点「${t.frame.ok}」，并确认卡已经拔出。`,
      receipt: "收据的样子。",
      "gas-on-card": "卡里有气：显示数量和购买日期。",
      meter: "工作台上的样例燃气表：卡里的 1200 元已充入。",
      large: `点了「${t.frame.large}」的购气画面。`,
      "write-failed": "写卡失败：先看红字，再看两个办法。",
      resuming: "同一张卡插入另一台终端：自动接着写。",
      resumed: "写完了，和平常一样拔卡、上表。",
      "unknown-payment": "输密码时拔了卡：正在撤销这次付款。",
      "unknown-settled": "撤销确认后才说没有扣款。",
      "collection-code": "扫到收款码：屏幕教您三步找到付款码。",
      "too-much": "超过燃气表能装下的数量：改小一些。",
      "card-pulled": "付款前拔了卡。",
      "wrong-way": "插反了：拔出，翻过来，再插。",
      "print-failed": "收据没有打印出来：扫码看电子收据。",
      refused: "不能购气的卡：原因、钱、现在怎么做；客服代码在最下面。",
      "out-of-service": "读卡器坏了：暂停服务。",
    },
  };
}
