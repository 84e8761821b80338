/// The layout of consecutive micro-panels of A [mr, k], in memory as it is or packed.
struct PanelLayout {
  /// Element [0, 0] of the first micro-panel.
  let start: UnsafePointer<Float>
  /// Floats from one row of a micro-panel to the next, along k, and from one micro-panel to the next.
  let rowStride: Int, kStride: Int, panelStride: Int
  /// True if A is not packed, so that micro-panels come from memory further away than the second-level cache.
  var isUnpacked = false
}
