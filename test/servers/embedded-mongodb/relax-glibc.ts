import { readFileSync, writeFileSync } from 'node:fs';

/** ELF-64 section types: Figure 4-9 of the ELF specification and the GNU versioning extension of the LSB. */
const DYNSYM = 11;
const GNU_VERSYM = 0x6fffffff;
const GNU_VERNEED = 0x6ffffffe;
const VERNAUX_WEAK = 2;
const SYMBOL_BYTES = 24;
/** glibc 2.38 gave the C23 `strtol` family new names; the old ones do the same for what the engine parses. */
const C23_PREFIX = '__isoc23_';

/**
 * Copies a little-endian ELF-64 library so that symbols it wants from `wanted` bind to `base` instead. No code is
 * changed: only names and versions in the dynamic symbol table.
 */
export function relaxGlibc(
  source: string,
  target: string,
  wanted = 'GLIBC_2.38',
  base = 'GLIBC_2.2.5', // the baseline version of x86-64
): void {
  const elf = readFileSync(source);
  const sections = readSections(elf);
  const symbols = requireSection(sections, DYNSYM);
  const versions = requireSection(sections, GNU_VERSYM);
  const needs = requireSection(sections, GNU_VERNEED);
  const strings = sections[symbols.link];
  if (!strings) throw new Error('the dynamic symbols have no string table');
  const nameAt = (offset: number): string =>
    elf.toString('latin1', strings.offset + offset, elf.indexOf(0, strings.offset + offset));

  const replacements = weakenNeeds(elf, needs, nameAt, wanted, base);
  for (let index = 1; index < symbols.size / SYMBOL_BYTES; index++) {
    const replacement = replacements.get(elf.readUInt16LE(versions.offset + index * 2) & 0x7fff);
    if (replacement === undefined) continue;
    const symbol = symbols.offset + index * SYMBOL_BYTES;
    const nameOffset = elf.readUInt32LE(symbol);
    if (nameAt(nameOffset).startsWith(C23_PREFIX)) {
      elf.writeUInt32LE(nameOffset + C23_PREFIX.length, symbol); // "__isoc23_strtol" → "strtol"
    }
    elf.writeUInt16LE(replacement, versions.offset + index * 2);
  }
  writeFileSync(target, elf, { mode: 0o755 });
}

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
}

function readSections(elf: Buffer): Section[] {
  const tableOffset = Number(elf.readBigUInt64LE(0x28));
  const entryBytes = elf.readUInt16LE(0x3a);
  return Array.from({ length: elf.readUInt16LE(0x3c) }, (_, index) => {
    const at = tableOffset + index * entryBytes;
    return {
      type: elf.readUInt32LE(at + 4),
      offset: Number(elf.readBigUInt64LE(at + 24)),
      size: Number(elf.readBigUInt64LE(at + 32)),
      link: elf.readUInt32LE(at + 40),
      info: elf.readUInt32LE(at + 44),
    };
  });
}

function requireSection(sections: readonly Section[], type: number): Section {
  const found = sections.find((section) => section.type === type);
  if (!found) throw new Error(`the library has no section of type 0x${type.toString(16)}`);
  return found;
}

/** Marks every need of `wanted` weak; gives for its version index the index of `base` in the same library. */
function weakenNeeds(
  elf: Buffer,
  needs: Section,
  nameAt: (offset: number) => string,
  wanted: string,
  base: string,
): Map<number, number> {
  const replacements = new Map<number, number>();
  let need = needs.offset;
  for (let left = needs.info; left > 0; left--) {
    let wantedAt: number | undefined;
    let baseIndex = 1; // VER_NDX_GLOBAL
    let aux = need + elf.readUInt32LE(need + 8);
    for (let count = elf.readUInt16LE(need + 2); count > 0; count--) {
      const name = nameAt(elf.readUInt32LE(aux + 8));
      if (name === wanted) wantedAt = aux;
      if (name === base) baseIndex = elf.readUInt16LE(aux + 6);
      aux += elf.readUInt32LE(aux + 12);
    }
    if (wantedAt !== undefined) {
      elf.writeUInt16LE(elf.readUInt16LE(wantedAt + 4) | VERNAUX_WEAK, wantedAt + 4);
      replacements.set(elf.readUInt16LE(wantedAt + 6), baseIndex);
    }
    need += elf.readUInt32LE(need + 12);
  }
  return replacements;
}
