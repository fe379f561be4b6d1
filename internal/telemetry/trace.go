package telemetry

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/sluicehq/sluice/internal/observe"
)

// traces makes the spans. A file has one trace, whoever works on it: a span for each attempt, below it those of its nodes
// and of the fetch, and those of its writes, which other processes may make. A listing has a trace of its own. A job has
// none: it may hold a million files, and every span names it.
type traces struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	sampler  sdktrace.Sampler
}

func newTraces(o Options) (*traces, error) {
	client, err := newClient(o.OTLP)
	if err != nil {
		return nil, err
	}
	sampler, err := samplerOf(os.Getenv("OTEL_TRACES_SAMPLER"), os.Getenv("OTEL_TRACES_SAMPLER_ARG"))
	if err != nil {
		return nil, err
	}
	// Nothing of the machine but what the operator wrote into OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME.
	about, err := resource.New(context.Background(), resource.WithAttributes(
		attribute.String("service.name", "sluice"), attribute.String("service.version", o.Version),
		attribute.String("service.instance.id", o.Node), attribute.String("sluice.role", o.Role),
	), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES cannot be read; write name=value,name=value: %w", err)
	}
	otel.SetErrorHandler(&complaints{log: o.Log})
	exporter := otlptrace.NewUnstarted(client)
	var size []sdktrace.BatchSpanProcessorOption
	if os.Getenv("OTEL_BSP_MAX_QUEUE_SIZE") == "" { // the SDK's 2,048 spans are one second of small files
		size = append(size, sdktrace.WithMaxQueueSize(16384), sdktrace.WithMaxExportBatchSize(2048))
	}
	t := &traces{sampler: sampler}
	t.provider = sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter, size...), sdktrace.WithResource(about),
		sdktrace.WithSampler(sdktrace.ParentBased(sampler)), sdktrace.WithIDGenerator(ids{}))
	t.tracer = t.provider.Tracer("github.com/sluicehq/sluice")
	return t, nil
}

func (t *traces) close(ctx context.Context) { _ = t.provider.Shutdown(ctx) } // complaints has its errors

// complaints logs what the SDK meets, once a minute at most.
type complaints struct {
	log  *slog.Logger
	said atomic.Int64
}

// Handle implements otel.ErrorHandler.
func (c *complaints) Handle(err error) {
	now, last := time.Now().UnixNano(), c.said.Load()
	if (last == 0 || now-last > int64(time.Minute)) && c.said.CompareAndSwap(last, now) {
		c.log.Warn("traces could not be sent and are dropped", "error", err)
	}
}

// begin starts the span of a piece of work.
func (t *traces) begin(ctx context.Context, w observe.Work) (context.Context, func(observe.End)) {
	name, kind := string(w.Kind), trace.SpanKindInternal
	attributes := []attribute.KeyValue{attribute.String("sluice.job.id", w.Job)}
	if w.File != "" {
		attributes = append(attributes, attribute.String("sluice.file.id", w.File))
	}
	var o identity
	switch w.Kind {
	case observe.File:
		o = identity{traceOf(w.File), spanOf(w.File, w.Attempt)}
		attributes = append(attributes, attribute.Int("sluice.attempt", w.Attempt))
	case observe.Plan:
		o = identity{traceOf(w.Target), spanOf(w.Target, w.Attempt)}
		kind = trace.SpanKindClient
		attributes = append(attributes, attribute.Int("sluice.attempt", w.Attempt))
	case observe.Write:
		// The attempt of the file that gave the elements is its parent, in whichever process that ran.
		kind = trace.SpanKindClient
		ctx = trace.ContextWithRemoteSpanContext(ctx, t.parent(w.File, w.Attempt))
		attributes = append(attributes, attribute.String("sluice.destination.id", w.Target))
	case observe.Node:
		name += " " + w.Type
		attributes = append(attributes, attribute.String("sluice.node.id", w.Target), attribute.String("sluice.node.type", w.Type),
			attribute.String("sluice.node.subtype", w.Subtype))
	case observe.Fetch:
		kind = trace.SpanKindClient
	}
	start := []trace.SpanStartOption{trace.WithAttributes(attributes...), trace.WithSpanKind(kind)}
	if o.trace.IsValid() {
		ctx = context.WithValue(ctx, identityKey{}, o)
		start = append(start, trace.WithNewRoot())
	}
	ctx, span := t.tracer.Start(ctx, name, start...)
	return ctx, func(e observe.End) {
		span.SetAttributes(attribute.String("sluice.outcome", e.Outcome))
		if e.Connector != "" {
			span.SetAttributes(attribute.String("sluice.connector.type", e.Connector))
		}
		if e.Outcome != observe.OK && e.Outcome != observe.Interrupted {
			span.SetStatus(codes.Error, e.Outcome)
		}
		span.End()
	}
}

// parent is the span of a file's attempt as another process sees it.
func (t *traces) parent(file string, attempt int) trace.SpanContext {
	c := trace.SpanContextConfig{TraceID: traceOf(file), SpanID: spanOf(file, attempt), Remote: true}
	decision := t.sampler.ShouldSample(sdktrace.SamplingParameters{TraceID: c.TraceID})
	if decision.Decision == sdktrace.RecordAndSample {
		c.TraceFlags = trace.FlagsSampled
	}
	return trace.NewSpanContext(c)
}

// traceOf and spanOf make ids that every process makes alike. They are hashes, since samplers by ratio take an id for a
// random number, which a UUID is not.
func traceOf(id string) trace.TraceID {
	sum := sha256.Sum256([]byte(id))
	return trace.TraceID(sum[:16])
}

func spanOf(id string, attempt int) trace.SpanID {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(id), uint64(attempt)))
	return trace.SpanID(sum[:8])
}

// identity is what the span that begins next is called.
type identity struct {
	trace trace.TraceID
	span  trace.SpanID
}

type identityKey struct{}

// ids implements sdktrace.IDGenerator.
type ids struct{}

// NewIDs gives a root span its ids.
func (ids) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	if o, ok := ctx.Value(identityKey{}).(identity); ok {
		return o.trace, o.span
	}
	id := fresh()
	return trace.TraceID(id[:16]), trace.SpanID(id[16:24])
}

// NewSpanID gives a span below another its id.
func (ids) NewSpanID(context.Context, trace.TraceID) trace.SpanID {
	id := fresh()
	return trace.SpanID(id[:8])
}

// samplerOf reads OTEL_TRACES_SAMPLER, as the OpenTelemetry specification names the samplers.
func samplerOf(name, argument string) (sdktrace.Sampler, error) {
	switch strings.TrimPrefix(strings.ToLower(strings.TrimSpace(name)), "parentbased_") {
	case "", "always_on":
		return sdktrace.AlwaysSample(), nil
	case "always_off":
		return sdktrace.NeverSample(), nil
	case "traceidratio":
		if argument == "" {
			return sdktrace.AlwaysSample(), nil
		}
		ratio, err := strconv.ParseFloat(strings.TrimSpace(argument), 64)
		if err != nil || ratio < 0 || ratio > 1 {
			return nil, fmt.Errorf("OTEL_TRACES_SAMPLER_ARG is %q; write a ratio between 0 and 1", argument)
		}
		return sdktrace.TraceIDRatioBased(ratio), nil
	}
	return nil, fmt.Errorf("OTEL_TRACES_SAMPLER is %q; write always_on, always_off or traceidratio", name)
}
