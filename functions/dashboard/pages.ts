import type { Page } from '../http/http-context.js';
import { assetPages } from './asset-pages.js';
import { docsPages } from './docs-page.js';
import { signInPages } from './sign-in.js';
import { statusPages } from './status-page.js';

/** Everything that is for people rather than for programs. */
export const PAGES: readonly Page[] = [...statusPages, ...signInPages, ...docsPages, ...assetPages];
