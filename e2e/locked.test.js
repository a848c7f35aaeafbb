// Three wrong cards close the form for that card; another person goes on in the same browser. Failures are counted by source
// too, so each walk has a product of its own.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cards, start } from './product.js';
import { launch, Member } from './walk.js';

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

const noMatch = 'La información personal que usted ha puesto no se puede validar con nuestro sistema; por favor revísela para asegurarse de que ha puesto todo correctamente y vuelve a intentarlo';

for (const walk of [{ language: 'es', width: 320 }, { language: 'en', width: 1280 }]) {
  test(`three wrong cards in a row close the form with the support contact and a number: ${walk.language}`, async () => {
    const product = await start();
    try {
      const member = await Member.open(browser, product, { ...walk, name: 'locked' });
      await member.toSignIn();
      await member.agree();
      const wrong = { ...cards.plain, number: '572908315' };
      await member.personal(wrong); // a double click: counted once
      for (let attempt = 1; attempt <= 2; attempt += 1) {
        await member.personal({ ...wrong, first: attempt === 1 ? wrong.first : 'Otra' });
        await member.look(`no-match-${attempt}`);
        if (walk.language === 'es') assert.ok((await member.page.locator('.summary').innerText()).includes(noMatch), 'the guide\'s sentence');
        assert.equal(await member.page.inputValue('#last_name'), wrong.last, 'what was typed is kept');
      }
      await member.personal({ ...wrong, first: 'Alguien' });
      await member.at('/register/locked');
      await member.look('locked');
      const text = await member.page.locator('main').innerText();
      assert.match(text, /WebSupport@CHNCT\.org/);
      assert.match(text, /1-800-859-9889/);
      assert.match(text, /[BCDFGHJKLMNPQRSTVWXYZ2-9]{3}-[BCDFGHJKLMNPQRSTVWXYZ2-9]{3}-[BCDFGHJKLMNPQRSTVWXYZ2-9]{3}/);
      await member.page.goto(`${product.issuer}/register/personal`);
      await member.at('/register/locked'); // and stays closed
      await member.press('anew');
      await member.at('/register/agreement');
      await member.press('agree');
      await member.at('/register/personal');
      assert.equal(await member.page.inputValue('#last_name'), '', 'nothing of the person before is shown');
      await member.personal(cards.plain);
      await member.at('/register/credentials');
      await member.close();
    } finally {
      await product.stop();
    }
  });
}
