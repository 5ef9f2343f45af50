/** A context without its value. Times are RFC 3339. */
export interface ContextHead {
  key: string;
  version: number;
  tags: string[];
  session: string;
  agent: string;
  size: number;
  digest: string;
  created_at: string;
  updated_at: string;
  expires_at: string | null;
  by: string;
  sealed: boolean;
  tag: string;
}

export interface Context extends ContextHead {
  data: unknown;
}

export interface Version {
  version: number;
  at: string;
  by: string;
  change: string;
  size: number;
  digest: string;
}

export interface Hit {
  key: string;
  version: number;
  score: number;
  excerpt: string;
  tags: string[];
  at: string;
  weak: boolean;
}

/** What happened to a context. */
export interface ContextChange {
  cursor: string;
  kind: "put" | "delete" | "expired" | "rollback" | "undelete";
  key: string;
  version: number;
  by: string;
  tags: string[];
  at: string;
}

/** Changes after the cursor that was asked for are not kept any more. */
export interface Gap {
  cursor: string;
  kind: "gap";
}

export type Change = ContextChange | Gap;

export interface Expecting {
  /** The version that it must have, 0 for none: else the error's type is `stale`. */
  expected?: number;
}

export interface Marks extends Expecting {
  /** Seconds until it ends; 0: no end. A new context lasts 24 hours. */
  ttl?: number;
  tags?: string[];
  session?: string;
  agent?: string;
  /** Whether all its versions are encrypted on disk. */
  seal?: boolean;
}

export interface MemoryOptions {
  token_budget?: number;
  thread_id?: string;
  /** By default the one that is called as the workspace. */
  project?: string;
}

export class ServiceError extends Error {
  type: string;
  version: number | null;
}

export class Client {
  constructor(options?: { url?: string; token?: string; workspace?: string; by?: string });
  put(key: string, data: unknown, marks?: Marks): Promise<ContextHead>;
  get(key: string, version?: number): Promise<Context>;
  patch(key: string, patch: unknown, marks?: Marks): Promise<ContextHead>;
  append(key: string, items: unknown[], options?: Expecting): Promise<ContextHead>;
  delete(key: string, options?: { purge?: boolean } & Expecting): Promise<void>;
  undelete(key: string, options?: Expecting): Promise<ContextHead>;
  rollback(key: string, to: number, options?: Expecting): Promise<ContextHead>;
  versions(key: string): Promise<Version[]>;
  search(query: string, options?: { limit?: number; tag?: string; session?: string; agent?: string; prefix?: string; mode?: "words" | "vectors" | "both" }): Promise<Hit[]>;
  recall(purpose: string, options?: MemoryOptions): Promise<Record<string, unknown>>;
  workingSet(purpose: string, options?: MemoryOptions): Promise<Record<string, unknown>>;
  ingest(threadId: string, materials: Record<string, unknown>, options?: { project?: string; tags?: string[]; wait?: boolean }): Promise<Record<string, unknown>>;
  feedback(itemId: string, feedbackType: "helpful" | "wrong" | "outdated" | "duplicate", options?: { value?: number; comment?: string; project?: string }): Promise<Record<string, unknown>>;
  list(wanted?: { prefix?: string; tag?: string; session?: string; agent?: string }): AsyncGenerator<ContextHead>;
  changes(options?: { prefix?: string; after?: string; signal?: AbortSignal }): AsyncGenerator<Change>;
}
