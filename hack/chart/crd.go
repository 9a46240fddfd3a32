package main

import (
	"bytes"
	"errors"
	"strings"
)

// crdTemplate wraps a CustomResourceDefinition of controller-gen so that helm
// installs it on request, upgrades it with the release and keeps it, and with
// it all policies, when the release is uninstalled.
func crdTemplate(source []byte) ([]byte, error) {
	body := strings.TrimPrefix(string(source), "---\n")
	const annotations, name = "\n  annotations:\n", "\n  name: "
	if strings.Count(body, annotations) == 0 || strings.Count(body, name) == 0 {
		return nil, errors.New("metadata has no annotations or no name where controller-gen writes them")
	}
	// What looks like a template in a description is text.
	body = strings.ReplaceAll(body, "{{", `{{ "{{" }}`)
	body = strings.Replace(body, annotations, annotations+"    helm.sh/resource-policy: keep\n", 1)
	body = strings.Replace(body, name, "\n  labels:\n    {{- include \"progress-sync.labels\" . | nindent 4 }}"+name, 1)

	var out bytes.Buffer
	out.WriteString("{{- /* Written by `make generate` from config/crd/bases. */ -}}\n")
	out.WriteString("{{- if .Values.crds.install }}\n---\n")
	out.WriteString(body)
	out.WriteString("{{- end }}\n")
	return out.Bytes(), nil
}
