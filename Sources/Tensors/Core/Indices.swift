/// Whole numbers in rows, one row per sample: class labels, codes, places. `[batch][count]`.
public typealias Indices = [[Int]]
