package policy

import (
	"cmp"
	"fmt"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	sidecar "github.com/progress-sync/progress-sync/sidecar/status"
)

// peersVerdict: whether the sidecars hand on to the homes of their learners. One
// that can't accepts all itself, so nothing but writes is at stake.
func peersVerdict(f *facts) verdict {
	return decide(f,
		peersOff,           // nobody wants them
		noSidecars,         // nobody to ask
		notAnsweringYet,    // nobody answers
		noPeers,            // one sidecar is every learner's home, whatever else it says
		peersUntold,        // nothing is known
		peersBlocked,       // concerns most sidecars
		peersNotRegistered, // concerns some of them
		mixedVersions,      // a restart mends it
		peersUnmet,         // a start takes a moment
		peered,
	)
}

func peersOff(f *facts) *verdict {
	if f.policy.Spec.Peers.Mode != v1alpha1.PeersOff {
		return nil
	}
	return isUnknown(v1alpha1.ReasonPeersOff,
		"peers.mode is Off: each sidecar writes what its own pod gets, which is enough where all requests of a learner go to one pod")
}

func noPeers(f *facts) *verdict {
	if f.sidecars.Asked > 1 || f.sidecars.Peers.Members > 1 {
		return nil
	}
	return isTrue(v1alpha1.ReasonNoPeers, "there is one sidecar, and all learners are at home there")
}

func peersUntold(f *facts) *verdict {
	p := f.sidecars.Peers
	switch {
	case f.policy.Spec.Peers.Port == 0:
		return isUnknown(v1alpha1.ReasonPeersUnknown,
			"the CustomResourceDefinition is older than the operator and knows no peers; apply that of the operator's version, then restart the pods%s", restartExample(f))
	case p.Told > 0:
		return nil
	case p.Silent > 0:
		return isUnknown(v1alpha1.ReasonPeersUnknown,
			"the sidecars are older than the operator, and each writes what its own pod gets; restart the pods%s", restartExample(f))
	}
	return isUnknown(v1alpha1.ReasonPeersUnknown, "the sidecars have not heard yet that they have peers")
}

func peersBlocked(f *facts) *verdict {
	p := f.sidecars.Peers
	if p.Unreaching == 0 || 2*p.Unreaching < p.Told {
		return nil
	}
	return isFalse(v1alpha1.ReasonPeersBlocked,
		"%d of %d sidecars have not reached most others for some minutes, and write what these should; a NetworkPolicy may block port %d between the pods: "+
			"docs/operating.md#peers has the one to add",
		p.Unreaching, p.Told, f.policy.Spec.Peers.Port)
}

func peersNotRegistered(f *facts) *verdict {
	if len(f.sidecars.Peers.Unregistered) == 0 {
		return nil
	}
	total, reason, most := 0, "", 0
	for said, n := range f.sidecars.Peers.Unregistered {
		total += n
		if cmp.Or(cmp.Compare(n, most), cmp.Compare(said, reason)) > 0 {
			reason, most = said, n
		}
	}
	return isFalse(v1alpha1.ReasonPeersNotRegistered, "%s what the pod gets and nothing else, since others can't find it: %s",
		plural(int32(total), "sidecar writes", "sidecars write"), registration(reason, f))
}

// registration is what to do for sidecars that can't register, most of them for a
// reason.
func registration(reason string, f *facts) string {
	port := f.policy.Spec.Peers.Port
	switch reason {
	case sidecar.PeersNoPort:
		return fmt.Sprintf("containers of the pods use port %d themselves, or the pods are from before it was set; set peers.port to one that is free, and restart the pods%s",
			port, restartExample(f))
	case sidecar.PeersPortTaken:
		return fmt.Sprintf("something in the pods listens on port %d; set peers.port to one that is free, and restart the pods%s", port, restartExample(f))
	case sidecar.PeersNoRegistry:
		return fmt.Sprintf("the user in Secret %s can't use the table progress_sync.sidecars; grant it SELECT, INSERT, UPDATE and DELETE there, "+
			"and where migrations is Manual apply what `sidecar migrate --print` prints", f.policy.Spec.Database.SecretRef.Name)
	}
	return "their logs say why"
}

func mixedVersions(f *facts) *verdict {
	p := f.sidecars.Peers
	if p.OtherProtocol == 0 && p.Silent == 0 {
		return nil
	}
	return isFalse(v1alpha1.ReasonMixedVersions,
		"sidecars of several versions do not hand on to each other, and learners have a home for each version; restart the pods that are outdated%s", restartExample(f))
}

// peersUnmet: sidecars that started a moment ago are not in the registry yet.
func peersUnmet(f *facts) *verdict {
	p := f.sidecars.Peers
	if p.Peered > 0 && p.Members > 1 {
		return nil
	}
	return isUnknown(v1alpha1.ReasonPeersUnknown, "the sidecars have not found each other in the database yet")
}

func peered(f *facts) *verdict {
	p := f.sidecars.Peers
	return isTrue(v1alpha1.ReasonPeered, "%d of %d sidecars reach the homes of their learners", p.Peered, p.Told)
}
