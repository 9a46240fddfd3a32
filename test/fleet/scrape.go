package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"k8s.io/client-go/rest"
)

// scrape of metrics, by name.
type scrape map[string]*dto.MetricFamily

func scrapeURL(ctx context.Context, client *http.Client, url string) (scrape, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("reading metrics: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("reading metrics: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("reading metrics: %s", response.Status), err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("reading metrics: %w", err)
	}
	return families, nil
}

// ofOperator and ofAPIServer are their metrics now.
func (c *cluster) ofOperator(ctx context.Context) (scrape, error) {
	return scrapeURL(ctx, http.DefaultClient, "http://"+c.metrics+"/metrics")
}

func (c *cluster) ofAPIServer(ctx context.Context) (scrape, error) {
	client, err := rest.HTTPClientFor(c.config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the API server: %w", err)
	}
	return scrapeURL(ctx, client, strings.TrimSuffix(c.config.Host, "/")+"/metrics")
}

// statusWrites is how often policies' statuses were written, as the API server
// has counted.
func (s scrape) statusWrites() float64 {
	var sum float64
	for _, metric := range s["apiserver_request_total"].GetMetric() {
		label := map[string]string{}
		for _, pair := range metric.GetLabel() {
			label[pair.GetName()] = pair.GetValue()
		}
		if label["resource"] == "progresssyncpolicies" && label["subresource"] == "status" && (label["verb"] == "PATCH" || label["verb"] == "UPDATE" || label["verb"] == "APPLY") {
			sum += metric.GetCounter().GetValue()
		}
	}
	return sum
}

// quantile of a histogram's observations between two scrapes, as the upper
// bound of the bucket in which it lies.
func quantile(before, after scrape, name string, q float64) (time.Duration, error) {
	now := after[name].GetMetric()
	if len(now) != 1 {
		return 0, fmt.Errorf("there is no metric %s", name)
	}
	was := map[float64]uint64{}
	var begin uint64
	if earlier := before[name].GetMetric(); len(earlier) == 1 {
		begin = earlier[0].GetHistogram().GetSampleCount()
		for _, bucket := range earlier[0].GetHistogram().GetBucket() {
			was[bucket.GetUpperBound()] = bucket.GetCumulativeCount()
		}
	}
	total := now[0].GetHistogram().GetSampleCount() - begin
	if total == 0 {
		return 0, fmt.Errorf("nothing was observed by %s", name)
	}
	for _, bucket := range now[0].GetHistogram().GetBucket() {
		if float64(bucket.GetCumulativeCount()-was[bucket.GetUpperBound()]) >= q*float64(total) {
			return time.Duration(bucket.GetUpperBound() * float64(time.Second)), nil
		}
	}
	return 0, fmt.Errorf("%s has no bucket for its quantile %v", name, q)
}
