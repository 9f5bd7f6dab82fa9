import {
  type Attributes,
  context,
  createNoopMeter,
  type Histogram,
  type Meter,
  metrics,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import { systemClock } from './clock.js';
import { HoldfastError } from './errors.js';

/** Something that takes its time, as OpenTelemetry has it: one span, and one duration. */
export interface Observation {
  /** Of the span. */
  readonly name: string;
  readonly kind: 'client' | 'consumer';
  readonly attributes: Attributes;
  /** The histogram that its duration goes to, in seconds, with these of the attributes. */
  readonly duration: { readonly metric: string; readonly by: readonly string[] };
}

const NAME = 'holdfast';
/** As the semantic conventions advise for calls of databases. */
const BOUNDARIES = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

let tracer: Tracer | undefined;
let meter: Meter | undefined;
const histograms = new Map<string, Histogram>();

/** True when the program has registered an SDK. Until then nothing of a span or a metric is made. */
export function isObserved(): boolean {
  return tracerInUse() !== undefined || meterInUse() !== undefined;
}

/** The meter of the program's SDK; undefined without one. */
export function meterInUse(): Meter | undefined {
  if (meter !== undefined) return meter;
  const found = metrics.getMeterProvider().getMeter(NAME);
  if (found !== createNoopMeter()) meter = found;
  return meter;
}

/** Calls `run`, inside a span where there is an SDK. What it returns, or throws, is as it was. */
export function observed<T>(what: () => Observation, run: () => T): T {
  if (!isObserved()) return run();
  const observation = what();
  const { name, kind, attributes } = observation;
  const spanKind = kind === 'client' ? SpanKind.CLIENT : SpanKind.CONSUMER;
  const span = tracerInUse()?.startSpan(name, { kind: spanKind, attributes });
  const startedAt = systemClock.monotonic();
  const end = (error?: unknown) => ended(observation, span, startedAt, error);
  try {
    const active = context.active();
    const value = context.with(span === undefined ? active : trace.setSpan(active, span), run);
    if (!isThenable(value)) end();
    else value.then(() => end(), end);
    return value;
  } catch (error) {
    end(error ?? 'error');
    throw error;
  }
}

function tracerInUse(): Tracer | undefined {
  if (tracer !== undefined) return tracer;
  const provider: TracerProvider & { getDelegateTracer?: (name: string) => Tracer | undefined } =
    trace.getTracerProvider();
  // Without an SDK the provider is a stand-in, and has no tracer to delegate to.
  const isStandIn = provider.getDelegateTracer !== undefined;
  tracer = isStandIn ? provider.getDelegateTracer?.(NAME) : provider.getTracer(NAME);
  return tracer;
}

function ended(
  { attributes, duration }: Observation,
  span: Span | undefined,
  startedAt: number,
  error: unknown,
): void {
  const failure: Attributes = error === undefined ? {} : { 'error.type': errorTypeOf(error) };
  const by = duration.by.filter((name) => attributes[name] !== undefined);
  const labels = Object.fromEntries(by.map((name) => [name, attributes[name]]));
  const seconds = (systemClock.monotonic() - startedAt) / 1_000;
  histogramOf(duration.metric)?.record(seconds, { ...labels, ...failure });
  if (error !== undefined) {
    span?.setAttributes(failure);
    span?.setStatus({ code: SpanStatusCode.ERROR, message: String(error) });
  }
  span?.end();
}

function histogramOf(name: string): Histogram | undefined {
  const known = histograms.get(name);
  if (known !== undefined) return known;
  const advice = { explicitBucketBoundaries: BOUNDARIES };
  const made = meterInUse()?.createHistogram(name, { unit: 's', advice });
  if (made !== undefined) histograms.set(name, made);
  return made;
}

function errorTypeOf(error: unknown): string {
  if (error instanceof HoldfastError) return error.code;
  return error instanceof Error ? error.name : '_OTHER';
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { readonly then?: unknown } | undefined | null)?.then === 'function';
}
