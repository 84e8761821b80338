/// Numbers as tables, progress lines and captions print them.
package enum NumberFormat {
  /// Returns a number with about three significant digits: "0.0123", "4.57", "312";
  /// from 10^15 on with all digits or an exponent; "not finite" for infinities and NaN.
  package static func short(_ value: Double) -> String {
    guard value.isFinite else { return "not finite" }
    // Beyond 2^53 all digits are integral, and beyond 2^63 no Int holds them.
    guard abs(value) < 1e15 else { return "\(value)" }
    let digits =
      abs(value) >= 100 ? 0 : abs(value) >= 10 ? 1 : abs(value) >= 1 ? 2 : abs(value) >= 0.001 || value == 0 ? 4 : 7
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let rounded = (value * scale).rounded() / scale
    return digits == 0 ? "\(Int(rounded))" : "\(rounded)"
  }

  /// Returns a duration in minutes and seconds, with hours from one hour on: "1:05", "2:03:00". Seconds are rounded up.
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, abs(seconds) < 1e15 else { return "?" }
    let whole = Int(seconds.rounded(.up))
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    return whole >= 3600
      ? "\(whole / 3600):\(two(whole / 60 % 60)):\(two(whole % 60))" : "\(whole / 60):\(two(whole % 60))"
  }
}
