// What customers of the shop do, as its database sees it: from several connections at once, for a number of steps.
import pg from "pg";

const USERS = 400;

/** Countries and a first generation of customers with orders. */
export const SEED = `
insert into address_country (iso_3166_1_a2, iso_3166_1_a3, iso_3166_1_numeric, printable_name, name, display_order, is_shipping_country)
values ('NO', '', '', 'Norway', 'NORWAY', 0, true), ('PT', '', '', 'Portugal', 'PORTUGAL', 0, true);
insert into auth_user (password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
select '', false, 'user' || n, 'First' || n, 'Last', 'user' || n || '@example.com', false, true, now() from generate_series(1, ${USERS}) n;
insert into order_order (number, currency, total_incl_tax, total_excl_tax, shipping_incl_tax, shipping_excl_tax, shipping_method, shipping_code, status, guest_email, date_placed, user_id, analytics_tracked)
select 'seed' || id, 'NOK', 99.50, 80, 0, 0, '', '', 'Complete', '', now(), id, true from auth_user where id % 2 = 0;
analyze;`;

type Step = (pick: () => number) => string;

const ORDER = (user: string, pick: () => number): string => `
insert into order_order (number, currency, total_incl_tax, total_excl_tax, shipping_incl_tax, shipping_excl_tax, shipping_method, shipping_code, status, guest_email, date_placed, user_id, analytics_tracked)
values (gen_random_uuid()::text, 'NOK', ${pick()}.25, 1, 0, 0, '', '', 'Pending', '', clock_timestamp(), ${user}, true)`;

/** What can happen; each is one transaction. */
const STEPS: readonly Step[] = [
  (pick) => ORDER(String(pick()), pick),
  // A guest, who has no user.
  (pick) => ORDER("null", pick),
  (pick) => `
insert into order_line (partner_name, partner_sku, partner_line_reference, partner_line_notes, title, quantity, line_price_incl_tax, line_price_excl_tax, line_price_before_discounts_incl_tax, line_price_before_discounts_excl_tax, status, order_id, allocation_cancelled, num_allocated)
select '', '', '', '', 'x', 1 + ${pick()} % 3, 1, 1, 1, 1, '', id, false, 0 from order_order where user_id = ${pick()}`,
  // A guest's order is given to the customer who signs in.
  (pick) =>
    `update order_order set user_id = ${pick()} where id = (select min(id) from order_order where user_id is null)`,
  (pick) => `update order_order set status = 'Cancelled' where user_id = ${pick()}`,
  (pick) => `insert into basket_basket (status, date_created, owner_id) values ('Open', now(), ${pick()})`,
  (pick) => `update basket_basket set status = 'Submitted' where owner_id = ${pick()}`,
  (pick) => `
insert into address_useraddress (title, first_name, last_name, line1, line2, line3, line4, state, postcode, search_text, phone_number, notes, is_default_for_shipping, is_default_for_billing, num_orders_as_shipping_address, hash, date_created, country_id, user_id, num_orders_as_billing_address)
values ('', '', '', '', '', '', '', '', '', '', '', '', false, false, 0, gen_random_uuid()::text, clock_timestamp(), case when ${pick()} % 2 = 0 then 'NO' else 'PT' end, ${pick()}, 0)`,
  (pick) => `
insert into reviews_productreview (score, title, body, name, email, homepage, status, total_votes, delta_votes, date_created, user_id)
values (5, '', '', '', '', '', 1, 0, 0, now(), ${pick()})`,
  (pick) => `delete from reviews_productreview where user_id = ${pick()}`,
  (pick) => `
insert into communication_notification (subject, body, location, date_sent, recipient_id, sender_id) values ('', '', 'Inbox', now(), ${pick()}, ${pick()})`,
  (pick) => `update communication_notification set date_read = now() where recipient_id = ${pick()}`,
  // Past the application: a bulk statement that no callback of the framework sees.
  (pick) =>
    `update auth_user set is_active = not is_active, last_login = now() where id % 50 = ${pick()} % 50`,
  (pick) => `update auth_user set email = 'new' || ${pick()} || '@example.com' where id = ${pick()}`,
];

/** Runs `steps` transactions on each of `writers` connections. Answers how many were committed. */
export async function runLoad(
  url: string,
  { writers, steps }: { readonly writers: number; readonly steps: number },
): Promise<number> {
  let state = 7;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
  const pick = (): number => 1 + random(USERS);
  const write = async (): Promise<number> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      for (let step = 0; step < steps; step += 1)
        await client.query(STEPS[random(STEPS.length)]?.(pick) ?? "");
    } finally {
      await client.end();
    }
    return steps;
  };
  const done = await Promise.all(Array.from({ length: writers }, write));
  return done.reduce((sum, count) => sum + count, 0);
}
