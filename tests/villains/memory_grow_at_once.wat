;; Asks for all memory there can be, and gives up.
;; fault: memory_limit
;;@CORE
(func (export "shape") (param i32) (result i32) (if (i32.eq (memory.grow (i32.const 65535)) (i32.const -1)) (then (unreachable))) (unreachable))
