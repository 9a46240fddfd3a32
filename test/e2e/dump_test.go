//go:build e2e

package e2e

import "context"

// dump logs what a person would look at first.
func (c *campus) dump(ctx context.Context) {
	for _, args := range [][]string{
		{"get", "progresssyncpolicies", "-o", "yaml"},
		{"get", "pods", "-o", "wide"},
		{"get", "events", "--sort-by=.lastTimestamp"},
		{"describe", "pods"},
		{"logs", "--selector=app=" + policyName, "--container=" + sidecarName, "--tail=60", "--prefix"},
		{"logs", "--selector=app=" + policyName, "--container=" + sidecarName, "--tail=30", "--prefix", "--previous"},
		{"logs", "--selector=app=" + policyName, "--container=lms", "--tail=20", "--prefix"},
	} {
		output, err := c.cluster.Kubectl(ctx, append([]string{"--namespace", c.namespace}, args...)...)
		if err != nil {
			output += err.Error()
		}
		c.t.Logf("kubectl %v\n%s", args, output)
	}
	configurations, err := c.cluster.Kubectl(ctx, "get", "mutatingwebhookconfigurations", "--selector=app.kubernetes.io/name=progress-sync", "-o", "yaml")
	c.t.Log(configurations, err)
	c.t.Log(c.operatorState(ctx))
}
