"""Reports as tables of rows; ``formats`` renders them."""
