package configuration

import (
	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/sidecar/config"
)

// xapi in the words of the file, or nil for none.
func xapi(spec *v1alpha1.XAPISpec) *config.XAPI {
	if spec == nil {
		return nil
	}
	return &config.XAPI{
		Endpoint: spec.Endpoint, Version: string(spec.Version), HomePage: spec.HomePage,
		ActivityID: spec.ActivityID, CourseActivityID: spec.CourseActivityID, Batch: int(spec.Batch),
	}
}
