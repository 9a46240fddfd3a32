package progress

// MappedNames are the fields that a table mapping may give a column beside the
// key: all but those of the key and those that no table has.
func MappedNames(fields []Field) []string {
	return names(fields, func(f Field) bool { return f.Rule != RuleKey && f.Column != "" })
}

// ScaledNames are the fields whose column may have another unit: percentages,
// then times.
func ScaledNames(fields []Field) []string {
	return append(
		names(fields, func(f Field) bool { return f.Type == TypePercent }),
		names(fields, func(f Field) bool { return f.Type == TypeSeconds || f.Type == TypeMicroseconds })...)
}

func names(fields []Field, which func(Field) bool) []string {
	var names []string
	for _, f := range fields {
		if which(f) {
			names = append(names, f.Name)
		}
	}
	return names
}
