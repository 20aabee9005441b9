import type { Random } from './random';

export interface Place {
  /** ISO 3166-1 alpha-2 */
  readonly country: string;
  readonly cities: readonly (readonly [city: string, postalCode: string])[];
  readonly streets: readonly string[];
  address(street: string, number: number): string;
  /** From a range that the regulator keeps for fiction, so that nobody's phone ever rings. */
  phone(random: Random): string;
}

const numberFirst = (street: string, number: number): string => `${number} ${street}`;
const numberLast = (street: string, number: number): string => `${street} ${number}`;

export const places: readonly Place[] = [
  {
    country: 'US',
    cities: [
      ['Portland', '97205'],
      ['Austin', '78701'],
      ['Madison', '53703'],
      ['Savannah', '31401'],
      ['Boulder', '80302'],
    ],
    streets: ['Maple Avenue', 'Oak Street', 'Lakeview Drive', 'Juniper Lane', 'Second Street'],
    address: numberFirst,
    phone: (random) => `+1-202-555-01${random.digits(2)}`,
  },
  {
    country: 'GB',
    cities: [
      ['London', 'N1 9GU'],
      ['Leeds', 'LS1 4AP'],
      ['Bristol', 'BS1 5TR'],
      ['Cardiff', 'CF10 1EP'],
    ],
    streets: ['Church Road', 'Victoria Street', 'Mill Lane', 'Station Road', "Queen's Terrace"],
    address: numberFirst,
    phone: (random) => `+44 20 7946 0${random.digits(3)}`,
  },
  {
    country: 'DE',
    cities: [
      ['Berlin', '10115'],
      ['Köln', '50667'],
      ['München', '80331'],
      ['Leipzig', '04109'],
    ],
    streets: ['Gartenstraße', 'Lindenallee', 'Bahnhofstraße', 'Schillerstraße'],
    address: numberLast,
    phone: (random) => `+49 30 23125 ${random.digits(3)}`,
  },
  {
    country: 'FR',
    cities: [
      ['Paris', '75011'],
      ['Lyon', '69002'],
      ['Nantes', '44000'],
    ],
    streets: ['rue de la République', 'rue Victor-Hugo', 'place du Marché', "allée de l'Étang"],
    address: numberFirst,
    phone: (random) => `+33 1 99 00 ${random.digits(2)} ${random.digits(2)}`,
  },
];
