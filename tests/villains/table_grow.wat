;; Grows a table until it gets no more.
;; fault: memory_limit
;;@CORE
(table $mine 1 funcref)
(func (export "shape") (param i32) (result i32) (loop (br_if 0 (i32.ne (table.grow $mine (ref.null func) (i32.const 1000)) (i32.const -1)))) (unreachable))
