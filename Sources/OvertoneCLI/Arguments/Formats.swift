import ArgumentParser
import Laboratory
import Reports

extension ResultTable.Format: ExpressibleByArgument {}
extension Comparison.Format: ExpressibleByArgument {}
