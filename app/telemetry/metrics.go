package telemetry

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are what Prometheus is told. No label has a stranger's word in it.
type Metrics struct {
	registry *prometheus.Registry

	deliveries      *prometheus.CounterVec
	deliverySeconds prometheus.Histogram
	jobs            *prometheus.CounterVec
	jobSeconds      *prometheus.HistogramVec
	waitSeconds     *prometheus.HistogramVec
	parts           *prometheus.HistogramVec
	reviews         *prometheus.CounterVec
	findings        *prometheus.CounterVec
	quotaLimit      *prometheus.GaugeVec
	quotaLeft       *prometheus.GaugeVec
}

// NewMetrics makes metrics that count from zero.
func NewMetrics(version string) *Metrics {
	m := &Metrics{
		registry:   prometheus.NewRegistry(),
		deliveries: counter("deliveries_total", "Webhooks by event and by what became of them.", "event", "outcome"),
		deliverySeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "chiselbot_delivery_seconds", Help: "Time from a webhook's arrival to the answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, 1, 10},
		}),
		jobs:        counter("jobs_total", "Attempts of jobs by kind and by what became of them.", "kind", "result"),
		jobSeconds:  histogram("job_seconds", "Time that an attempt of a job took.", "kind"),
		waitSeconds: histogram("job_wait_seconds", "Time that a job waited in the queue.", "kind"),
		parts:       histogram("review_seconds", "Time that the parts of a review took: read, check, publish.", "part"),
		reviews:     counter("reviews_total", "Reviews by conclusion.", "conclusion"),
		findings:    counter("findings_total", "New findings by severity.", "severity"),
		quotaLimit:  gauge("github_requests_limit", "Requests that GitHub allows in an hour.", "installation", "resource"),
		quotaLeft:   gauge("github_requests_left", "Requests that are left of them.", "installation", "resource"),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "chiselbot_info", Help: "The version that runs.", ConstLabels: prometheus.Labels{"version": version}})
	info.Set(1)
	m.registry.MustRegister(
		m.deliveries, m.deliverySeconds, m.jobs, m.jobSeconds, m.waitSeconds, m.parts, m.reviews, m.findings, m.quotaLimit, m.quotaLeft, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "chiselbot_" + name, Help: help}, labels)
}

func gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "chiselbot_" + name, Help: help}, labels)
}

func histogram(name, help string, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "chiselbot_" + name, Help: help, Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800},
	}, labels)
}

// Delivery counts a webhook.
func (m *Metrics) Delivery(event, outcome string, took time.Duration) {
	m.deliveries.WithLabelValues(event, outcome).Inc()
	m.deliverySeconds.Observe(took.Seconds())
}

// Job counts an attempt of a job.
func (m *Metrics) Job(kind, result string, waited, took time.Duration) {
	m.jobs.WithLabelValues(kind, result).Inc()
	m.jobSeconds.WithLabelValues(kind).Observe(took.Seconds())
	m.waitSeconds.WithLabelValues(kind).Observe(waited.Seconds())
}

// Part counts a part of a review.
func (m *Metrics) Part(part string, took time.Duration) {
	m.parts.WithLabelValues(part).Observe(took.Seconds())
}

// Review counts a review and what it found.
func (m *Metrics) Review(conclusion string, found map[string]int) {
	m.reviews.WithLabelValues(conclusion).Inc()
	for severity, n := range found {
		m.findings.WithLabelValues(severity).Add(float64(n))
	}
}

// Quota sets what is left of a limit of GitHub's.
func (m *Metrics) Quota(installation int64, resource string, limit, left int) {
	id := strconv.FormatInt(installation, 10)
	m.quotaLimit.WithLabelValues(id, resource).Set(float64(limit))
	m.quotaLeft.WithLabelValues(id, resource).Set(float64(left))
}

// A Depth is how much of a queue is in a state, and since when the oldest.
type Depth struct {
	Queue, State string
	Jobs         int
	Oldest       time.Time
}

// WatchQueue asks for the depths of the queues whenever somebody looks.
func (m *Metrics) WatchQueue(depths func(context.Context) ([]Depth, error)) {
	m.registry.MustRegister(&queueCollector{depths: depths})
}

type queueCollector struct {
	depths func(context.Context) ([]Depth, error)
}

var (
	queueJobs = prometheus.NewDesc("chiselbot_queue_jobs", "Jobs that are not done, by queue and state.", []string{"queue", "state"}, nil)
	queueAge  = prometheus.NewDesc("chiselbot_queue_oldest_seconds", "Age of the oldest of them.", []string{"queue", "state"}, nil)
)

// Describe tells what Collect gives.
func (*queueCollector) Describe(to chan<- *prometheus.Desc) {
	to <- queueJobs
	to <- queueAge
}

// Collect asks for the depths. A database that does not answer in time shows as an error
// of the page.
func (c *queueCollector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	depths, err := c.depths(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(queueJobs, err)
		return
	}
	for _, d := range depths {
		to <- prometheus.MustNewConstMetric(queueJobs, prometheus.GaugeValue, float64(d.Jobs), d.Queue, d.State)
		to <- prometheus.MustNewConstMetric(queueAge, prometheus.GaugeValue, time.Since(d.Oldest).Seconds(), d.Queue, d.State)
	}
}

// ServeHTTP shows the metrics.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}).ServeHTTP(w, r)
}
