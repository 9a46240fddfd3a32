package postgres

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/progress-sync/progress-sync/sidecar/config"
)

// TargetOf names the table that sidecars with a mapping, which may be nil, write their
// records to. Of a mapped table it has a hash of all that the mapping says: sidecars
// that write other columns, scales or fixed values to it must not write for each other.
func TargetOf(m *config.Mapping) (string, error) {
	if m == nil {
		return ownTable().name, nil
	}
	said := *m
	said.Columns = maps.Clone(m.Columns)
	maps.DeleteFunc(said.Columns, func(_, column string) bool { return column == "" }) // as if left out
	text, err := json.Marshal(said)                                                    // with its maps sorted
	if err != nil {
		return "", fmt.Errorf("naming the mapped table: %w", err)
	}
	sum := sha256.Sum256(text)
	return nameOf(m) + " " + hex.EncodeToString(sum[:8]), nil
}
