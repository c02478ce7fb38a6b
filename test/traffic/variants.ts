/** What stands between the clients and the apps. */
export interface Variant {
  readonly name: 'lbwatch' | 'rules-off' | 'static';
  readonly is: string;
  /** Set where Compose reads it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether containers that come later are ever asked. */
  readonly doesFollow: boolean;
}

/** Where the static variant's upstream is written, beside the copied Compose file. */
export const staticFolder = 'static';

/** What a person would write by hand. nginx asks Docker for the addresses of `app` once, when it starts. */
export const staticUpstream = `upstream flaskappproxy {
    zone flaskappproxy 64k;
    server app:8000;
}
`;

export const variants: readonly Variant[] = [
  { name: 'lbwatch', is: 'the stack as it is shipped', environment: {}, doesFollow: true },
  {
    name: 'rules-off',
    is: "the same without lbwatch's rules for a member's life: checks, leaving early, early handover",
    environment: { LBWATCH_CHECKS: 'off', LBWATCH_LEAVE_EARLY: 'off', LBWATCH_HANDOVER: 'off' },
    doesFollow: true,
  },
  {
    name: 'static',
    is: 'the same nginx with an upstream written by hand, and no lbwatch',
    environment: { UPSTREAMS: `./${staticFolder}` },
    doesFollow: false,
  },
];
