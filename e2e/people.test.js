// Who works at the desk: an administrator adds a person, another one confirms it, and the new person signs in.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { start } from './product.js';
import { hire, loaded, press, prove } from './staff.js';
import { launch } from './walk.js';

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

for (const { language, width, colorScheme } of [{ language: 'es', width: 320 }, { language: 'en', width: 1280, colorScheme: 'dark' }]) {
  test(`people of the desk in ${language} at ${width} px`, async (t) => {
    const product = await start();
    t.after(() => product.stop());
    const options = { language, width, colorScheme, name: 'people' };
    const eva = await hire(browser, product, 'eva', 'Eva Prado', ['admin', 'audit'], options);
    const omar = await hire(browser, product, 'omar', 'Omar Sol', ['admin'], options);

    await eva.page.goto(`${product.desk}/people`);
    await eva.look('people');
    await press(eva, 'add');
    await eva.page.fill('#name', 'Nueva Vega');
    await eva.page.fill('#username', 'nueva');
    await eva.page.fill('#email', 'nueva@desk.example');
    await eva.page.check('#role_recover');
    await press(eva, 'do');
    if (eva.path() !== '/people/new') { // the sign-in was older than five minutes
      await prove(eva, '/people/new');
    }
    await eva.look('new-refused');
    assert.equal(await eva.page.inputValue('#name'), 'Nueva Vega', 'what was typed is kept');
    assert.ok(await eva.page.isChecked('#role_recover'));
    await eva.page.fill('#reason', 'Empieza el lunes');
    await eva.page.fill('#ticket', 'RH-1');
    await press(eva, 'do');
    assert.match(eva.path(), /^\/people\/[0-9a-f-]{36}$/);
    await eva.look('added');
    assert.equal(await eva.page.locator('#confirm').count(), 0, 'who asked does not confirm');
    assert.equal(await eva.page.locator('#withdraw').count(), 1, 'who asked may take it back');

    await omar.page.goto(product.desk + eva.path());
    await omar.look('confirm');
    await press(omar, 'confirm');
    await omar.look('confirmed');
    await loaded(omar, omar.page.goBack());
    assert.equal(await omar.page.locator('#confirm').count(), 0, 'going back shows how it is now');

    await eva.page.reload();
    await eva.look('person');
    await eva.page.uncheck('#role_recover'); // which includes to read
    await eva.page.check('#role_read');
    await eva.page.fill('#reason', 'Ya no ayuda por teléfono');
    await eva.page.fill('#ticket', 'RH-2');
    await press(eva, 'roles-save');
    await eva.look('fewer');
    assert.equal(await eva.page.locator('.notice.info').count(), 0, 'fewer roles need nobody');
    await eva.page.fill('#reason', 'Dejó el trabajo hoy');
    await eva.page.fill('#ticket', 'RH-3');
    await eva.page.locator('details:has(#remove) summary').click();
    await press(eva, 'remove');
    await eva.look('removed');
    assert.match(eva.path(), /^\/people\/[0-9a-f-]{36}$/);
    assert.equal(await eva.page.locator('#remove').count(), 0, 'the page stays, without its forms');
    await eva.page.goto(`${product.desk}/people`);
    assert.doesNotMatch(await eva.page.locator('main > * > ul.queue').innerText(), /Nueva Vega/);
    await eva.page.locator('details summary').click();
    await eva.look('former');
    assert.match(await eva.page.locator('details').innerText(), /Nueva Vega/);
    await eva.close();
    await omar.close();
  });
}
