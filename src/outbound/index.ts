export {
  createOutbound,
  type Outbound,
  type OutboundOptions,
  type OutboundRequest,
  type OutboundResponse,
} from './outbound.js';
export {
  makeWebhookSecret,
  refuseWebhookSecret,
  signatureHeaders,
} from './webhook-signature.js';
