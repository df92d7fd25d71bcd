;; Asks for more memory for ever.
;; fault: out_of_fuel
;;@CORE
(func (export "shape") (param i32) (result i32) (loop (drop (memory.grow (i32.const 1))) (br 0)) (unreachable))
