/// Integers in rows, one row per sample, `[batch][count]`: class labels, codes or positions.
public typealias Indices = [[Int]]
