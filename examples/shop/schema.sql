-- The shop's own database, as its application has it. Nothing here knows of Mixpanel: no column, no trigger, no job.
create type order_status as enum ('open', 'paid', 'returned');

create table users (
  id uuid primary key default gen_random_uuid(),
  email text not null unique,
  name varchar(80) not null,
  created_at timestamptz not null default now()
);

create table addresses (
  id bigint primary key generated always as identity,
  user_id uuid not null references users (id) on delete cascade,
  country char(2) not null,
  city text not null,
  updated_at timestamptz not null default now()
);
create index on addresses (user_id);

create table plans (
  id smallint primary key,
  code text not null unique check (code in ('free', 'plus')),
  monthly_price numeric(6, 2) not null
);

create table subscriptions (
  id bigint primary key generated always as identity,
  user_id uuid not null references users (id) on delete cascade,
  plan_id smallint not null references plans (id),
  trial_ends_at timestamptz,
  started_at timestamptz not null default clock_timestamp()
);
create index on subscriptions (user_id);
create index on subscriptions (plan_id);

create table products (
  id text primary key,
  title text not null,
  category text not null,
  price numeric(8, 2) not null
);

create table carts (
  id bigint primary key generated always as identity,
  user_id uuid not null references users (id) on delete cascade,
  closed_at timestamptz
);
create index on carts (user_id);

create table orders (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users (id) on delete cascade,
  status order_status not null default 'open',
  total numeric(10, 2) not null,
  placed_at timestamptz not null default clock_timestamp()
);
create index on orders (user_id);

create table order_items (
  order_id uuid not null references orders (id) on delete cascade,
  product_id text not null references products (id),
  quantity smallint not null check (quantity > 0),
  primary key (order_id, product_id)
);
create index on order_items (product_id);

insert into plans values (1, 'free', 0), (2, 'plus', 4.90);
insert into products values
  ('sku_101', 'Brass plumb bob', 'hand tools', 24.50),
  ('sku_102', 'Spirit level 60 cm', 'hand tools', 39.00),
  ('sku_103', 'Chalk line', 'marking', 12.90),
  ('sku_104', 'Laser cross', 'lasers', 119.00);
