"""Which identifiers are one person, and which partition may publish an identifier's journey rows (docs/decisions/0180).

The way of a change: links, unlinks and erasures (`links`) tell which identifiers are linked. Linked identifiers form components, and the
smallest identifier of a component is its person (`components`). A change is judged around the identifiers that it names, not over all
(`neighbourhood`). Each identifier has one holder, the only partition that publishes its rows; handoffs move that right to the leader of
the component (`holder`). A row is passed when every other partition has read it (`passed`).

Pure: every function takes values and gives values. Nothing here reads a clock, a file or the ledger, or imports another part of Touchline.
"""
