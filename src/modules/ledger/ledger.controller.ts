import { Controller, Get, Param, ParseUUIDPipe, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { Requires } from '../../common/access';
import { ApiAnswer } from '../../http/api-answer';
import { keyExample, proofExample, rootExample } from './ledger.examples';
import { ProofReader, type InclusionProof } from './proof.reader';
import type { RootLine } from './root-line';
import { RootMaker } from './root.maker';
import { RootQuery } from './root-query.dto';
import { RootStore } from './root.store';

@ApiTags('Audit')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('audit')
export class LedgerController {
  constructor(
    private readonly proofs: ProofReader,
    private readonly store: RootStore,
    private readonly maker: RootMaker,
  ) {}

  /** The public keys that signed roots, and the one that signs now. */
  @Get('keys')
  @Requires('audit.read')
  @ApiOperation({ summary: 'Public keys of the signed roots' })
  @ApiAnswer({ items: [keyExample] })
  async keys(): Promise<{ items: { id: string; publicKey: string; current: boolean }[] }> {
    const { id, publicPem } = this.maker.key;
    const known = await this.store.keys();
    const all = known.some((key) => key.id === id) ? known : [...known, { id, publicKey: publicPem }];
    return { items: all.map((key) => ({ ...key, current: key.id === id })) };
  }

  /** Signed roots with their segments, in order. */
  @Get('roots')
  @Requires('audit.read')
  @ApiOperation({ summary: 'Signed roots' })
  @ApiAnswer({ items: [rootExample] })
  async roots(@Query() { after, limit }: RootQuery): Promise<{ items: RootLine[] }> {
    return { items: await this.store.after(after, limit) };
  }

  /** What shows, with a public key and nothing else, that the record is under a signed root (docs/audit.md). */
  @Get(':id/proof')
  @Requires('audit.read')
  @ApiOperation({ summary: 'Inclusion proof of a record' })
  @ApiAnswer(proofExample)
  proof(@Param('id', ParseUUIDPipe) id: string): Promise<InclusionProof> {
    return this.proofs.find(id);
  }
}
