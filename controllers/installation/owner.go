package installation

import (
	"context"
	"fmt"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// +kubebuilder:rbac:groups=rbac.authorization.k8s.io,resources=clusterroles,resourceNames=progress-sync-manager-role,verbs=get

// Owner is the operator's ClusterRole, as it is now: with it, uninstalling
// removes what it owns. It is nil where no ClusterRole is named. One that does
// not exist, or is being deleted, is an error: an operator that is being
// uninstalled would bring back what the cluster just removed.
func Owner(ctx context.Context, live client.Reader, clusterRole string) (*metav1.OwnerReference, error) {
	if clusterRole == "" {
		return nil, nil
	}
	var role rbacv1.ClusterRole
	err := live.Get(ctx, types.NamespacedName{Name: clusterRole}, &role)
	if apierrors.IsNotFound(err) || (err == nil && role.DeletionTimestamp != nil) {
		return nil, fmt.Errorf("ClusterRole %s, which has to own the webhook configurations, does not exist: "+
			"name the operator's own with --cluster-role, or none to have them stay when the operator is uninstalled", clusterRole)
	}
	if err != nil {
		return nil, fmt.Errorf("reading ClusterRole %s: %w", clusterRole, err)
	}
	return &metav1.OwnerReference{
		APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "ClusterRole", Name: role.Name, UID: role.UID,
	}, nil
}
