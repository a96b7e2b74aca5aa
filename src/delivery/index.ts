export {
  createDelivery,
  deliveryConsumer,
  type Delivery,
  type DeliveryOptions,
  type DeliveryState,
} from "./create-delivery.ts";
export {
  findDeadLetters,
  settleDeadLetters,
  type DeadLetter,
  type DeadLetterFilter,
  type DeadReason,
} from "./dead-letters.ts";
export { DELIVERY_SETTINGS, type DeliverySettings } from "./settings.ts";
