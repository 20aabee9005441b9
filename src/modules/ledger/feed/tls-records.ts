const HEADER_BYTES = 5;
const ALERT = 21;
const APPLICATION_DATA = 23;
/** An alert inside application data (RFC 8446, 5.2): two bytes, its type, and a tag of 16. */
const ENCRYPTED_ALERT_BYTES = 2 + 1 + 16;

/**
 * Reads the frames of TLS (RFC 8446, 5.1) on their way in. The runtime says `end` for a connection that was ended on TCP as well as
 * for one that was ended on TLS, and only the second one is an answer of the other side: nobody else can make a frame that decrypts.
 */
export class TlsRecords {
  private header: number[] = [];
  private body = 0;
  private endsInAlert = false;

  add(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      if (this.body > 0) {
        const taken = Math.min(this.body, chunk.length - at);
        this.body -= taken;
        at += taken;
        continue;
      }
      this.header.push(chunk[at++]!);
      if (this.header.length === HEADER_BYTES) this.begin();
    }
  }

  /** Whether the last frame is whole, and an alert. One that is not `close_notify` is an error of the connection. */
  get endedInOrder(): boolean {
    return this.endsInAlert && this.body === 0 && this.header.length === 0;
  }

  private begin(): void {
    const [type, , , high, low] = this.header as [number, number, number, number, number];
    this.body = high * 256 + low;
    this.header = [];
    this.endsInAlert = type === ALERT || (type === APPLICATION_DATA && this.body === ENCRYPTED_ALERT_BYTES);
  }
}
