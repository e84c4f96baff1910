// Package measure shows numbers of a running program in the text format of Prometheus. It is the only importer of its library, and uses none of the
// library's global state.
package measure

import (
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Kind is what may be computed from a metric.
type Kind string

// The kinds of metric.
const (
	Gauge     Kind = "gauge"     // a state, up and down
	Counter   Kind = "counter"   // since the start of the program, only up; the name ends in _total
	Histogram Kind = "histogram" // durations in seconds; the name ends in _seconds
)

// Family is a metric with all its labels. A label takes few values, whatever the till sells: never one for a payment, an order or a customer.
type Family struct {
	Name   string
	Kind   Kind
	Labels []string
	Help   string
}

// Sink takes the values of one scrape.
type Sink struct {
	set *Set
	out chan<- prometheus.Metric
}

// Put gives a gauge or counter its value; the labels' values stand in the order of the family.
func (s Sink) Put(name string, value float64, labels ...string) {
	f := s.set.family(name)
	kind := prometheus.GaugeValue
	if f.Kind == Counter {
		kind = prometheus.CounterValue
	}
	s.out <- prometheus.MustNewConstMetric(s.set.descs[name], kind, value, labels...)
}

// Spread gives a histogram its values: so many durations, their sum in seconds, and how many took no longer than each bound in seconds.
func (s Sink) Spread(name string, count uint64, sum float64, within map[float64]uint64, labels ...string) {
	s.out <- prometheus.MustNewConstHistogram(s.set.descs[name], count, sum, within, labels...)
}

// Flag is 1 for true.
func Flag(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// Set is what a program shows. It is safe for concurrent use.
type Set struct {
	families []Family
	descs    map[string]*prometheus.Desc
	collect  func(Sink)
	registry *prometheus.Registry
}

// New makes a set of its families, whose values collect puts at every scrape; what it leaves out is not shown. It adds the usual metrics of a Go process. It
// panics when a family is impossible, which is a mistake in the program.
func New(families []Family, collect func(Sink)) *Set {
	s := &Set{families: families, descs: map[string]*prometheus.Desc{}, collect: collect, registry: prometheus.NewRegistry()}
	for _, f := range families {
		s.descs[f.Name] = prometheus.NewDesc(f.Name, f.Help, f.Labels, nil)
	}
	s.registry.MustRegister(s, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return s
}

func (s *Set) family(name string) Family {
	for _, f := range s.families {
		if f.Name == name {
			return f
		}
	}
	panic(fmt.Sprintf("measure: no family %q", name))
}

// Describe implements the library's Collector.
func (s *Set) Describe(out chan<- *prometheus.Desc) {
	for _, d := range s.descs {
		out <- d
	}
}

// Collect implements the library's Collector.
func (s *Set) Collect(out chan<- prometheus.Metric) { s.collect(Sink{s, out}) }

// Handler answers scrapes.
func (s *Set) Handler() http.Handler {
	return promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError, MaxRequestsInFlight: 4})
}
