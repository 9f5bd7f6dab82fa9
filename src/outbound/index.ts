export {
  createOutbound,
  OUTBOUND_DEFAULTS,
  type Outbound,
  type OutboundOptions,
  type OutboundRequest,
  type OutboundResponse,
} from './outbound.js';
