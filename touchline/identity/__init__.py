"""Which identifiers are one person, and which partition may publish an identifier's journey rows (docs/decisions/0180).

The way of a change: links, unlinks and erasures (`links`) tell which identifiers are linked. What only repeats what is known is skipped
(`remembered`). Linked identifiers form components, each named by its smallest identifier (`components`). A change is judged around the
identifiers that it names, not over all (`neighbourhood`). A component is one person, unless devices in it are shared (`persons`), or some
of its links count for nothing since the consent to be linked was withdrawn (`grants`). Each identifier has one holder, the only partition
that publishes its rows; handoffs move that right to the leader of the component (`holder`).

A row is passed when every other partition has read it (`passed`). Versions of an event that lie in several partitions find their fates by
that (`watch`), looked at again whenever one more of their rows is passed (`watchlist`).

Pure: every function takes values and gives values. Nothing here reads a clock, a file or the ledger, or imports another part of Touchline.
"""
