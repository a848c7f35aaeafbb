package postgres

// Nullable returns nil, and so null, for a zero value.
func Nullable[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// Value is the inverse of Nullable: zero for null.
func Value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
