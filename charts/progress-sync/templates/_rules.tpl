{{- /* Written by `make generate` from config/rbac/role.yaml. */ -}}
{{- define "progress-sync.clusterRules" -}}
- apiGroups:
  - ""
  resources:
  - configmaps
  verbs:
  - create
  - get
  - list
  - patch
  - watch
- apiGroups:
  - ""
  resources:
  - events
  - limitranges
  - namespaces
  - nodes
  - pods
  verbs:
  - get
  - list
  - watch
- apiGroups:
  - ""
  resources:
  - pods/eviction
  verbs:
  - create
- apiGroups:
  - ""
  resources:
  - replicationcontrollers
  verbs:
  - get
- apiGroups:
  - admissionregistration.k8s.io
  resources:
  - mutatingwebhookconfigurations
  verbs:
  - create
  - list
  - watch
- apiGroups:
  - admissionregistration.k8s.io
  resourceNames:
  - progress-sync
  resources:
  - mutatingwebhookconfigurations
  verbs:
  - delete
  - get
  - patch
- apiGroups:
  - admissionregistration.k8s.io
  resourceNames:
  - progress-sync-00
  - progress-sync-01
  - progress-sync-02
  - progress-sync-03
  - progress-sync-04
  - progress-sync-05
  - progress-sync-06
  - progress-sync-07
  - progress-sync-08
  - progress-sync-09
  - progress-sync-10
  - progress-sync-11
  - progress-sync-12
  - progress-sync-13
  - progress-sync-14
  - progress-sync-15
  resources:
  - mutatingwebhookconfigurations
  verbs:
  - get
  - patch
- apiGroups:
  - apps
  resources:
  - daemonsets
  - replicasets
  - statefulsets
  verbs:
  - get
- apiGroups:
  - batch
  resources:
  - jobs
  verbs:
  - get
- apiGroups:
  - events.k8s.io
  resources:
  - events
  verbs:
  - create
  - patch
- apiGroups:
  - progresssync.dev
  resources:
  - progresssyncpolicies
  verbs:
  - get
  - list
  - watch
- apiGroups:
  - progresssync.dev
  resources:
  - progresssyncpolicies/status
  verbs:
  - get
  - patch
- apiGroups:
  - rbac.authorization.k8s.io
  resourceNames:
  - '{{ include "progress-sync.fullname" . }}-manager-role'
  resources:
  - clusterroles
  verbs:
  - get
{{- end }}
{{- define "progress-sync.namespacedRules" -}}
- apiGroups:
  - ""
  resources:
  - events
  verbs:
  - create
  - patch
- apiGroups:
  - ""
  resources:
  - secrets
  verbs:
  - create
- apiGroups:
  - ""
  resourceNames:
  - '{{ include "progress-sync.fullname" . }}-webhook-cert'
  resources:
  - secrets
  verbs:
  - get
  - list
  - update
  - watch
- apiGroups:
  - coordination.k8s.io
  resources:
  - leases
  verbs:
  - create
- apiGroups:
  - coordination.k8s.io
  resourceNames:
  - progress-sync-operator
  resources:
  - leases
  verbs:
  - get
  - patch
  - update
{{- end }}
