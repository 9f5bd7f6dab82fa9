import { HISTOGRAM_BOUNDS_MS, type HistogramFigures } from '../../src/core/index.js';

export type Labels = Readonly<Record<string, string>>;

/** The media type of the text, version 0.0.4 of the format. */
export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Families of metrics in Prometheus' text format. */
export class PrometheusText {
  #text = '';

  /** Null values are left out: nothing is known of them. */
  counter(name: string, help: string, samples: Iterable<readonly [Labels, number | null]>): this {
    return this.#family('counter', name, help, samples);
  }

  gauge(name: string, help: string, samples: Iterable<readonly [Labels, number | null]>): this {
    return this.#family('gauge', name, help, samples);
  }

  /** Durations in seconds, from figures in milliseconds. */
  histogram(
    name: string,
    help: string,
    samples: Iterable<readonly [Labels, HistogramFigures]>,
  ): this {
    const lines = [...samples].flatMap(([labels, figures]) =>
      histogramLines(name, labels, figures),
    );
    return this.#lines('histogram', name, help, lines);
  }

  toString(): string {
    return this.#text;
  }

  #family(
    type: string,
    name: string,
    help: string,
    samples: Iterable<readonly [Labels, number | null]>,
  ): this {
    const known = [...samples].filter(([, value]) => value !== null);
    const lines = known.map(([labels, value]) => `${name}${labelText(labels)} ${value}`);
    return this.#lines(type, name, help, lines);
  }

  #lines(type: string, name: string, help: string, lines: readonly string[]): this {
    if (lines.length === 0) return this;
    this.#text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('\n')}\n`;
    return this;
  }
}

function histogramLines(name: string, labels: Labels, figures: HistogramFigures): string[] {
  const bounds = [...HISTOGRAM_BOUNDS_MS.map((ms) => String(ms / 1_000)), '+Inf'];
  let below = 0;
  const buckets = bounds.map((le, at) => {
    below += figures.counts[at] ?? 0;
    return `${name}_bucket${labelText({ ...labels, le })} ${below}`;
  });
  const own = labelText(labels);
  return [
    ...buckets,
    `${name}_sum${own} ${figures.sumMs / 1_000}`,
    `${name}_count${own} ${figures.count}`,
  ];
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
