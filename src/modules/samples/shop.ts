/** The rows of the sample shop; members are named as the columns, times are ISO 8601, money is whole cents. */
export interface Shop {
  readonly customers: readonly Customer[];
  readonly products: readonly Product[];
  readonly orders: readonly Order[];
  readonly order_items: readonly OrderItem[];
  readonly payments: readonly Payment[];
  readonly reviews: readonly Review[];
}

export type TableName = keyof Shop;

export interface Customer {
  readonly id: number;
  readonly first_name: string;
  readonly last_name: string;
  readonly email: string;
  readonly phone: string;
  readonly card_number: string;
  readonly street: string;
  readonly city: string;
  readonly postal_code: string;
  readonly country: string;
  readonly birth_date: string;
  readonly newsletter: boolean;
  readonly created_at: string;
}

export interface Product {
  readonly id: number;
  readonly sku: string;
  readonly name: string;
  readonly category: string;
  readonly price: number;
  readonly cost: number;
  readonly stock: number;
  readonly active: boolean;
  /** JSON text */
  readonly attributes: string;
}

export type OrderStatus = 'pending' | 'paid' | 'shipped' | 'delivered' | 'cancelled';

export interface Order {
  readonly id: number;
  readonly customer_id: number;
  readonly status: OrderStatus;
  readonly total: number;
  readonly note: string | null;
  readonly ordered_at: string;
  readonly shipped_at: string | null;
}

export interface OrderItem {
  readonly order_id: number;
  readonly line_no: number;
  readonly product_id: number;
  readonly quantity: number;
  readonly unit_price: number;
}

export interface Payment {
  readonly id: number;
  readonly order_id: number;
  readonly method: 'card' | 'transfer' | 'voucher';
  readonly card_last_four: string | null;
  readonly amount: number;
  readonly status: 'captured' | 'refunded';
  readonly paid_at: string;
}

export interface Review {
  readonly id: number;
  readonly product_id: number;
  readonly customer_id: number;
  readonly rating: number;
  readonly title: string;
  readonly body: string;
  readonly created_at: string;
}
