package operator

import (
	"strings"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

func TestOptionsNameTheFlagToCorrect(t *testing.T) {
	good := Options{
		Namespace: "progress-sync", SidecarImage: "sidecar:1", ServiceName: "webhook",
		SidecarRunAs: v1alpha1.RunAsAuto, CertSecret: "cert", StatusInterval: time.Second,
	}
	if err := good.check(); err != nil {
		t.Errorf("good options: %v", err)
	}
	for says, change := range map[string]func(*Options){
		"--namespace":                 func(o *Options) { o.Namespace = "" },
		"--sidecar-image must":        func(o *Options) { o.SidecarImage = "" },
		"--sidecar-image-pull-policy": func(o *Options) { o.SidecarImagePullPolicy = "Sometimes" },
		"--sidecar-run-as":            func(o *Options) { o.SidecarRunAs = "Root" },
		"--cert-secret":               func(o *Options) { o.CertSecret = "A B" },
		"--service-name":              func(o *Options) { o.ServiceName = "" },
		"--webhook-url":               func(o *Options) { o.WebhookURL = "https://192.0.2.1:9443" },
		"an https URL":                func(o *Options) { o.WebhookURL = "http://laptop.example:9443" },
		"--shutdown-delay":            func(o *Options) { o.ShutdownDelay = time.Hour },
		"--status-interval":           func(o *Options) { o.StatusInterval = time.Millisecond },
	} {
		bad := good
		change(&bad)
		if err := bad.check(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v does not name %s", err, says)
		}
	}
}
