;; Grows its memory until it gets no more, and gives up.
;; fault: memory_limit
;;@MEMORY
1
;;@CORE
(func (export "shape") (param i32) (result i32) (loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (unreachable))
