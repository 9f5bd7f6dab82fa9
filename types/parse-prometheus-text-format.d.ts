declare module 'parse-prometheus-text-format' {
  /** Families of metrics, with values as they are written. */
  export default function parse(text: string): unknown[];
}
