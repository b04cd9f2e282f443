/** What the application is told of a session. */
export type SessionEvent = "renewed" | "ending" | "ended";

/** What the server tells of a session: the answer of `{token.path}/status`. */
export type SessionStatus =
  | { active: false }
  | {
      active: true;
      sub: string;
      /** Seconds until the session ends if it is not used. */
      expires_in: number;
      /** Seconds until it ends for good. */
      session_expires_in: number;
      /** Seconds until a use renews it; null for never. */
      renews_in: number | null;
      auth_time: number;
      amr: string[];
      /** Who acts for the user. */
      actor?: string;
    };

/** An answer of the token endpoint that refuses something. */
export interface SessionTokenError extends Error {
  status: number;
  /** The member `error` of the answer. */
  code?: string;
  /** Its body has been read. */
  response: Response;
}

export interface SessionTokenOptions {
  /** The token endpoint; relative to the page. `/token` by default. */
  url?: string | URL;
  /** Whether the session is that of a cookie. */
  cookie?: boolean;
  /** Seconds before the end at which `ending` is told; 60 by default. */
  warnBefore?: number;
}

export class SessionToken {
  constructor(options?: SessionTokenOptions);

  /**
   * Swap a credential for a token. With a cookie it throws: there the
   * application's own page signs in.
   */
  signIn(
    credential:
      | { username: string; password: string; headers?: undefined }
      | { headers: HeadersInit },
  ): Promise<void>;

  /**
   * As the global `fetch`; requests to the origin of `url` carry the token,
   * and renew it when that is due.
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;

  /** Ask how long the session lasts; that does not renew it. */
  status(): Promise<SessionStatus>;

  /** Renew the session, due or not. */
  renew(): Promise<void>;

  /** End the session, on the server too, and sign out all tabs. */
  signOut(): Promise<void>;

  /** Be told of something; give what ends that. */
  on(event: SessionEvent, f: (session: SessionToken) => void): () => void;

  /** When the session ends if it is not used; null if nobody is signed in. */
  readonly expires: Date | null;

  /** When it ends for good; null if nobody is signed in. */
  readonly ends: Date | null;

  readonly signedIn: boolean;
}
